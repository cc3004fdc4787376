#!/usr/bin/perl
# name_flood.pl: a name server on port 53 of the loopback. It never answers the
# question of a client, and sends it answers with other numbers: some thousands a
# second, so that other tests get a processor, too.
# Run in a network namespace of its own, whose loopback it switches on.
use strict;
use warnings;
use IO::Socket::INET;
use Socket;

my $SIOCSIFFLAGS = 0x8914;
my $flags = 0x1 | 0x8 | 0x40; # up, loopback, running

socket(my $any, AF_INET, SOCK_DGRAM, 0) or die "name_flood.pl: $!\n";
ioctl($any, $SIOCSIFFLAGS, pack('a16s x22', 'lo', $flags)) or
    die "name_flood.pl: lo: $!\n";
my $server = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => 53,
    Proto => 'udp') or die "name_flood.pl: port 53: $!\n";
$| = 1;
print "listens\n";

my @clients; # the last ones
for (;;) {
	$server->blocking(!@clients);
	if (my $client = $server->recv(my $question, 2000)) {
		push @clients, [$client, $question];
		shift @clients if @clients > 8;
	}
	select undef, undef, undef, 0.01;
	for (@clients) {
		my ($client, $question) = @$_;
		my $id = unpack 'n', $question;
		for my $other (map { ($id + $_) & 0xffff } 1 .. 20) {
			$server->send(pack('n', $other) . "\x81\x80" .
			    substr($question, 4), 0, $client);
		}
	}
}
