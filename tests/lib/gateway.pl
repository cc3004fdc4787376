#!/usr/bin/perl
# gateway.pl ADDRESS:PORT FILE [FAULT ...]: a gateway of hybrid inverters with the
# replies of the first frame record of FILE: for c303 those of the inverter that
# the request names. Logs to stdout, in order, "listen", and with the time in ms
# "MS open", "MS COMMAND" of each request and "MS close". A FAULT is COMMAND=KIND, or
# SERIAL=KIND for the readings of one inverter: silent (no reply), close (the
# connection instead), ends (the connection after the reply and the begin of
# another one), gone (the same without another one, and nothing listens
# then), crc, length, other (another inverter's readings first).
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

my ($address, $file, @faults) = @ARGV;
my %fault = map { split /=/ } @faults;
my (%reply, %readings);
$| = 1;

# The hex digits of a protobuf varint at the start of some bytes.
sub varint {
	my ($bytes) = @_;
	my ($n, $shift) = (0, 0);
	for my $byte (unpack 'C*', $bytes) {
		$n |= ($byte & 0x7f) << $shift;
		$shift += 7;
		last if $byte < 0x80;
	}
	return sprintf '%x', $n;
}

open my $in, '<', $file or die "gateway.pl: $file: $!\n";
my ($frames) = <$in> =~ /"frames":\[(.*?)\]/ or die "gateway.pl: no frames\n";
for my $frame (map { pack 'H*', $_ } $frames =~ /"([0-9a-f]+)"/g) {
	my $command = unpack 'H4', substr $frame, 2;
	$reply{$command} = $frame;
	$readings{varint(substr $frame, 25)} = $frame if $command eq 'c203';
}

my $listener = IO::Socket::INET->new(LocalAddr => $address, Listen => 5,
	ReuseAddr => 1) or die "gateway.pl: $address: $!\n";
my $select = IO::Select->new($listener);
my %buffer;
print "listen\n";

sub note {
	printf "%d %s\n", time * 1000, shift;
}

sub hang_up {
	my $socket = shift;
	note('close');
	$select->remove($socket);
	delete $buffer{$socket};
	close $socket;
}

# The reply and the faults of a request.
sub reply_to {
	my ($command, $payload) = @_;
	my $of = sprintf '%04x', hex($command) - 0x100;
	my ($serial, $reply) = ('', $reply{$of});
	if ($command eq 'c303') {
		$serial = varint($1)
			if $payload =~ /\x28([\x80-\xff]*[\x00-\x7f])$/;
		$reply = $readings{$serial};
	}
	return ($reply, $fault{$serial} // $fault{$command} // '', $serial);
}

sub damage {
	my ($reply, $kind, $serial) = @_;
	substr($reply, 6, 1) ^= "\x01" if $kind eq 'crc';
	substr($reply, 8, 2) = "\x00\x17" if $kind eq 'length';
	return $reply . substr $reply, 0, 4 if $kind eq 'ends';
	my ($other) = grep { $_ ne $serial } sort keys %readings;
	return $kind eq 'other' ? $readings{$other} . $reply : $reply;
}

sub hear {
	my $socket = shift;
	if (!$socket->sysread($buffer{$socket}, 4096,
	    length $buffer{$socket})) {
		hang_up($socket);
		return;
	}
	while (length $buffer{$socket} >= 10) {
		my ($command, $size) = unpack 'x2 H4 x4 n', $buffer{$socket};
		return if length $buffer{$socket} < $size;
		my $request = substr $buffer{$socket}, 0, $size, '';
		note($command);
		my ($reply, $kind, $serial) =
			reply_to($command, substr $request, 24);
		if ($kind eq 'close') {
			hang_up($socket);
			return;
		}
		next if !defined $reply or $kind eq 'silent';
		$socket->syswrite(damage($reply, $kind, $serial));
		next if $kind ne 'ends' && $kind ne 'gone';
		hang_up($socket);
		return if $kind eq 'ends';
		$select->remove($listener);
		close $listener;
		return;
	}
}

$SIG{PIPE} = 'IGNORE';
while (1) {
	my @ready = $select->can_read;
	# Ends before beginnings, as they came.
	hear($_) for grep { $_ != $listener } @ready;
	for (grep { $_ == $listener } @ready) {
		my $socket = $listener->accept or next;
		$buffer{$socket} = '';
		$select->add($socket);
		note('open');
	}
}
