#!/usr/bin/perl
# talk.pl ADDRESS PORT=MODE[:TEXT] ...: listen on these ports and log to stdout,
# in order, "listen", "open PORT" and "close PORT". MODE is greet (send TEXT at
# once), reply (send TEXT when something comes), close (the connection) or
# silent. TEXT has the escapes of printf.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $address = shift;
my (%port_of, %mode, %text, %listens);
my $select = IO::Select->new;
$| = 1;

sub unescape {
	my $text = shift;
	$text =~ s/\\x([0-9a-f]{2})/chr hex $1/ge;
	$text =~ s/\\r/\r/g;
	$text =~ s/\\n/\n/g;
	return $text;
}

for (@ARGV) {
	/^(\d+)=([a-z]+):?(.*)$/ or die "talk.pl: $_\n";
	($mode{$1}, $text{$1}) = ($2, unescape($3));
	my $socket = IO::Socket::INET->new(LocalAddr => $address,
	    LocalPort => $1, Listen => 5, ReuseAddr => 1) or
	    die "talk.pl: $address:$1: $!\n";
	$listens{$socket} = $port_of{$socket} = $1;
	$select->add($socket);
}
print "listen\n";

sub hang_up {
	my $socket = shift;
	print "close $port_of{$socket}\n";
	$select->remove($socket);
	delete $port_of{$socket};
	close $socket;
}

sub take {
	my ($listener) = @_;
	my $port = $port_of{$listener};
	my $socket = $listener->accept or return;
	$port_of{$socket} = $port;
	$select->add($socket);
	print "open $port\n";
	$socket->syswrite($text{$port}) if $mode{$port} eq 'greet';
	hang_up($socket) if $mode{$port} eq 'close';
}

sub hear {
	my $socket = shift;
	my $port = $port_of{$socket};
	if (!$socket->sysread(my $bytes, 4096)) {
		hang_up($socket);
	} elsif ($mode{$port} eq 'reply') {
		$socket->syswrite($text{$port});
	}
}

$SIG{PIPE} = 'IGNORE';
while (1) {
	my @ready = $select->can_read;
	# Ends before beginnings, as they came.
	hear($_) for grep { !$listens{$_} } @ready;
	take($_) for grep { $listens{$_} } @ready;
}
