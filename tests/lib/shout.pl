#!/usr/bin/perl
# shout.pl [MODE ...]: a port of the loopback for each mode, whose numbers are
# printed on a line. What connects there gets bytes before it has asked, as many
# as it reads: frames of the protocol hm, replies of modbus, or urgent bytes of
# TCP between frames of hm.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

# A heartbeat with the CRC of its payload, and the record of an input.
my $heartbeat = pack 'H*', '484d22020001cb9d000d' . '08901c';
my $record = pack 'H*', '00070000002b010328' . '0c116172207281' . '01' x 33;
my %text = (hm => $heartbeat, modbus => $record, urgent => $heartbeat);
my (%mode, $readers, $writers);

sub listen_for {
	my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    Listen => 5) or die "shout.pl: $!\n";
	$mode{$socket} = shift;
	$readers->add($socket);
	return $socket->sockport;
}

sub take {
	my $listener = shift;
	my $socket = $listener->accept or return;
	$socket->blocking(0);
	$mode{$socket} = $mode{$listener};
	$writers->add($socket);
}

sub shout {
	my $socket = shift;
	my $mode = $mode{$socket};
	my $sent = send $socket, $text{$mode} x 100, 0;
	if (!defined $sent && !$!{EAGAIN}) {
		$writers->remove($socket);
		delete $mode{$socket};
		close $socket;
	} elsif ($mode eq 'urgent') {
		send $socket, '!', MSG_OOB;
	}
}

$SIG{PIPE} = 'IGNORE';
$| = 1;
$readers = IO::Select->new;
$writers = IO::Select->new;
print join(' ', map { listen_for($_) } @ARGV), "\n";
while (my ($read, $write) = IO::Select->select($readers, $writers, undef)) {
	take($_) for @$read;
	shout($_) for @$write;
}
