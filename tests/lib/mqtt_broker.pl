#!/usr/bin/perl
# mqtt_broker.pl PORT|- MODE [BYTES]: a broker of MQTT 3.1.1 on a loopback port,
# or on stdin and stdout, that refuses MQTT 5. It logs "connect LEVEL",
# "subscribe" and "publish TOPIC" to the file $MQTT_BROKER_LOG. MODE is drop
# (close each connection once it is accepted), flood (to a subscription send a
# message of BYTES bytes), claim (only the start of such a message), good,
# late (answer a subscription only when the next message has come); and for
# subscriptions to discovery messages refuse, mute (no answer) or shut (close the
# connection).
use strict;
use warnings;
use IO::Handle;
use IO::Select;
use IO::Socket::INET;

my ($port, $mode, $bytes) = @ARGV;
my %buffer;
my $late = '';
$SIG{PIPE} = 'IGNORE';
open my $log, '>>', $ENV{MQTT_BROKER_LOG} or die "mqtt_broker.pl: $!\n";
$log->autoflush(1);

sub length_of {
	my ($n, $out) = (shift, '');
	do {
		my $digit = $n % 128;
		$n = int($n / 128);
		$out .= chr($n > 0 ? $digit | 128 : $digit);
	} while ($n > 0);
	return $out;
}

sub say_to {
	my ($out, $text) = @_;
	for (my $at = 0; $at < length $text;) {
		my $n = syswrite $out, $text, 65536, $at;
		return 0 if !defined $n;
		$at += $n;
	}
	return 1;
}

sub flood {
	my ($out, $topic) = @_;
	my $head = pack('n/a*', $topic);
	say_to($out, "\x31" . length_of(length($head) + $bytes) . $head);
	say_to($out, 'x' x $bytes) if $mode eq 'flood';
}

# Answer a subscription to discovery messages. False: close the connection.
sub discovery {
	my ($out, $id, $body) = @_;
	my $count = () = unpack 'a2 (n/a* C)*', $body;
	my $codes = ($mode eq 'refuse' ? "\x80" : "\0") x (($count - 1) / 2);
	print $log "discovery\n";
	say_to($out, "\x90" . length_of(2 + length $codes) . $id . $codes)
	    if $mode ne 'mute' && $mode ne 'shut';
	return $mode ne 'shut';
}

# Answer a packet. False: close the connection.
sub answer {
	my ($out, $type, $body) = @_;
	if ($type >> 4 == 1) {
		my $level = ord substr $body, 6, 1;
		print $log "connect $level\n";
		say_to($out, $level == 4 ? "\x20\2\0\0" : "\x20\2\0\1");
		return $level == 4 && $mode ne 'drop';
	}
	if ($type >> 4 == 8) {
		my ($id, $topic) = unpack 'a2 n/a*', $body;
		return discovery($out, $id, $body) if $topic =~ m{/config$};
		print $log "subscribe\n";
		$late = "\x90\3$id\0";
		say_to($out, $late) if $mode ne 'late';
		flood($out, $topic) if defined $bytes;
	} elsif ($type >> 4 == 10) {
		say_to($out, "\xb0\2" . substr $body, 0, 2) if $mode ne 'mute';
	} elsif ($type >> 4 == 3) {
		my ($topic, $id) = unpack 'n/a* a2', $body;
		print $log "publish $topic\n";
		say_to($out, $late) if $mode eq 'late';
		$late = '';
		say_to($out, "\x40\2$id") if $type & 6;
	} elsif ($type >> 4 == 12) {
		say_to($out, "\xd0\0");
	}
	return $type >> 4 != 14;
}

# The first packet of the bytes, which is taken out, or nothing.
sub packet {
	my $bytes = shift;
	my ($n, $at) = (0, 1);
	for (;; $at++) {
		return if length $$bytes <= $at;
		my $digit = ord substr $$bytes, $at, 1;
		$n += ($digit & 127) << 7 * ($at - 1);
		last if $digit < 128;
	}
	return if length $$bytes < $at + 1 + $n;
	my $packet = substr $$bytes, 0, $at + 1 + $n, '';
	return (ord $packet, substr $packet, $at + 1);
}

sub hear {
	my ($in, $out) = @_;
	$buffer{$in} = '' if !defined $buffer{$in};
	sysread $in, $buffer{$in}, 65536, length $buffer{$in} or return;
	while (my ($type, $body) = packet(\$buffer{$in})) {
		return 0 if !answer($out, $type, $body);
	}
	return 1;
}

if ($port eq '-') {
	1 while defined hear(\*STDIN, \*STDOUT);
	exit;
}
my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1',
    LocalPort => $port, Listen => 5, ReuseAddr => 1) or
    die "mqtt_broker.pl: $port: $!\n";
my $select = IO::Select->new($listener);
print $log "listen\n";
while (my @ready = $select->can_read) {
	for my $socket (@ready) {
		if ($socket == $listener) {
			$select->add($listener->accept || next);
		} elsif (!hear($socket, $socket)) {
			$select->remove($socket);
			delete $buffer{$socket};
			close $socket;
		}
	}
}
