#!/usr/bin/perl
# A DTS-WL-G3: its registers come on stdin, a line for each run of them,
#   ADDRESS WORD ...   a word is a number from -32768 to 65535, l:NUMBER for two
#                      words, or s:TEXT for text as the model has it
# with comments behind #; all others are 0. Settings may be written.
#   g3_stick.pl frame NAME TIME       print the frame record of a good poll
#   g3_stick.pl serve PORT [FAULT]    answer on loopback until killed, and print
#                                     "CONNECTION FUNCTION FIRST COUNT" of each
#                                     request. FAULT is one of
#     lose=FIRST       no reply to the first request about a block
#     mute=FIRST       no reply to any
#     late=FIRST       the first of them is answered with the next request
#     short=FIRST      the first reply has a register less
#     cut=FIRST        all of them have
#     foreign=FIRST    the first reply has the registers of block 0
#     foreign!=FIRST   all of them have
#     exception=FIRST:CODE
#     unit=UNIT        replies come from this unit
#     close=FIRST      the connection ends after the reply
#     end=FIRST        it ends without one
#     dead=FIRST       the first connection stays open after the reply, and
#                      is silent; its requests are printed before those of
#                      the next one
use strict;
use warnings;
use IO::Socket::INET;

my @plan = ([0, 123], [123, 123], [1000, 5], [1800, 123], [2000, 123],
    [2123, 123], [30000, 30]);
my %word;

sub words {
	my ($text) = @_;

	return unpack 'n2', pack 'l>', $1 if $text =~ /^l:(-?\d+)$/;
	return oct($text) if $text =~ /^0x/;
	return $text & 0xffff unless $text =~ /^s:(.*)$/;
	my $padded = $1 . "\0" x (-length($1) & 1);
	return unpack 'v*', $padded;
}

sub read_registers {
	while (<STDIN>) {
		s/#.*//;
		my ($address, @words) = split;
		next unless defined $address;
		$word{$address++} = $_ for map { words($_) } @words;
	}
}

sub block {
	my ($first, $count) = @_;

	return pack 'n*', map { $word{$_} // 0 } $first .. $first + $count - 1;
}

sub adu {
	my ($number, $unit, $function, $body) = @_;

	return pack('nnnCC', $number, 0, 2 + length $body, $unit, $function) .
	    $body;
}

sub reply {
	my ($number, $unit, $first, $count) = @_;
	my $block = block($first, $count);

	return adu($number, $unit, 4, pack('C', length $block) . $block);
}

sub frame {
	my ($name, $time) = @_;
	my $number = 0;
	my @frames = map { unpack 'H*', reply(++$number, 1, @$_) } @plan;

	printf qq({"type":"frame","time":"%s","dtu":"%s",) .
	    qq("transport":"modbus-g3","took_ms":900,) .
	    qq("blocks":[%s],"frames":[%s]}\n), $time, $name,
	    join(',', map { $_->[0] } @plan),
	    join(',', map { qq("$_") } @frames);
}

my ($kind, $at, $code) = ('', -1, 0);
my %seen; # requests about each block
my @late; # replies to be sent with the next request

# The reply to a request, or nothing.
sub answer {
	my ($number, $unit, $function, $first, $count) = @_;
	my $hit = $first == $at;
	my $once = $hit && $seen{$first}++ == 0;

	return adu($number, $unit, $function | 0x80, pack 'C', 1)
	    if $function != 4 && $function != 3 && $function != 16;
	return adu($number, $unit, 16, pack 'n2', $first, $count)
	    if $function == 16;
	my $settings = block($first, $count) if $function == 3;
	return adu($number, $unit, 3, pack('C', length $settings) . $settings)
	    if $function == 3;
	return adu($number, $unit, 0x84, pack 'C', 3) if $count > 123;
	return () if $first > 1100 && $first < 1800;
	return () if ($kind eq 'lose' && $once) || ($kind eq 'mute' && $hit);
	return adu($number, $unit, 0x84, pack 'C', $code)
	    if $kind eq 'exception' && $hit;
	$unit = $at if $kind eq 'unit';
	$count-- if ($kind eq 'short' && $once) || ($kind eq 'cut' && $hit);
	$first = 0 if ($kind eq 'foreign' && $once) ||
	    ($kind eq 'foreign!' && $hit);
	my $reply = reply($number, $unit, $first, $count);
	return $reply unless $kind eq 'late' && $once;
	push @late, $reply;
	return ();
}

my $connection = 0; # number of those that have asked
my @dead; # connections

sub serve_client {
	my ($client) = @_;
	my $asked = 0;

	while (sysread($client, my $request, 12) // 0) {
		my ($number, $zero, $size, $unit, $function, $first, $count) =
		    unpack 'nnnCCnn', $request;

		if ($function == 16) {
			sysread $client, my $values, 1 + 2 * $count;
			@word{$first .. $first + $count - 1} =
			    unpack 'xn*', $values;
		}
		$connection++ unless $asked++;
		print "$connection $function $first $count\n";
		return if $kind eq 'end' && $first == $at;
		my @waiting = splice @late;
		for (@waiting, answer($number, $unit, $function, $first,
		    $count)) {
			syswrite $client, $_ or return;
		}
		return if $kind eq 'close' && $first == $at;
		if ($kind eq 'dead' && $first == $at && !@dead) {
			push @dead, $client;
			return;
		}
	}
}

# What has come on the connections that are dead.
sub print_unheard {
	for (@dead) {
		sysread $_, my $requests, 4096;
		print "1 ", join(' ', unpack 'x7Cn2', $_), "\n"
		    for unpack '(a12)*', $requests;
	}
}

sub serve {
	my ($port, $fault) = @_;

	($kind, $at, $code) = split /[=:]/, $fault if defined $fault;
	my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
	    LocalPort => $port, Listen => 5, ReuseAddr => 1) or
	    die "port $port: $@\n";
	$SIG{PIPE} = 'IGNORE';
	$| = 1;
	while (my $client = $listener->accept) {
		print_unheard();
		serve_client($client);
		close $client unless grep { $_ == $client } @dead;
	}
}

read_registers();
my $mode = shift // '';
if ($mode eq 'frame') {
	frame(@ARGV);
} elsif ($mode eq 'serve') {
	serve(@ARGV);
} else {
	die "usage: g3_stick.pl frame NAME TIME | serve PORT [FAULT]\n";
}
