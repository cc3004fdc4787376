#!/usr/bin/perl
# limited_plant.pl COMMAND ...: run hm-limit in a loop with a simulated plant
# for three hours: 1600 W of inverters behind the DTU "roof" whose power follows
# each order after 8 s, a meter every 5 s and a poll every 60 s. A kettle and a
# cloud come and go. Prints TAP lines about the orders and what they did.
use strict;
use warnings;
use IPC::Open2;
use JSON::PP;
use POSIX 'strftime';

my ($start, $end) = (1795946400, 3 * 3600);
my ($limit, $coming, $due) = (1600, 0, -1);
my (@orders, %ids, @late, $exported, $count);
my $pid = open2(my $out, my $in, @ARGV);
my $json = JSON::PP->new->canonical;

$in->autoflush(1);
$exported = $count = 0;

sub load { my $t = shift; 400 + ($t >= 3600 && $t < 3780 ? 2000 : 0) }
sub sun { my $t = shift; $t >= 7200 && $t < 7800 ? 200 : 1300 }

sub send_record {
	my ($t, %record) = @_;

	$record{time} = strftime('%FT%TZ', gmtime($start + $t));
	my $type = delete $record{type};
	my $rest = substr $json->encode(\%record), 1;
	print $in qq({"type":"$type",$rest\n);
}

# Everything up to the record that is sent here and comes back.
sub take_orders {
	my $t = shift;

	print $in qq({"type":"mark","n":$t}\n);
	while (my $line = <$out>) {
		my $record = decode_json($line);
		last if $record->{type} eq 'mark';
		next if $record->{type} ne 'command';
		push @orders, { %$record, at => $t };
		$ids{$record->{id}}++;
		($coming, $due) = ($record->{watts}, $t + 8);
	}
}

for (my $t = 0; $t < $end; $t++) {
	$limit = $coming if $t == $due;
	my $power = sun($t) < $limit ? sun($t) : $limit;
	my $import = load($t) - $power;

	$exported -= $import / 3600 if $import < 0 && $t >= 300;
	# Once all is settled, and the sun is enough.
	push @late, $t if abs($import - 20) > 25 && sun($t) > 400 &&
	    (($t > 600 && $t < 3600) || ($t > 4500 && $t < 7200) || $t > 8400);
	send_record($t, type => 'dtu', dtu => 'roof', active_power => $power)
	    if $t % 60 == 0;
	next if $t % 5;
	send_record($t, type => 'message', topic => 'meter/power',
	    payload => "$import", qos => 0, retained => JSON::PP::false);
	take_orders($t);
}
close $in;
1 while <$out>;
waitpid $pid, 0;

sub ok {
	my ($good, $name, $found) = @_;

	$count++;
	print $good ? 'ok' : 'not ok', " - $name\n";
	print "# found: $found\n" unless $good;
}

my @gaps = map { $orders[$_]{at} - $orders[$_ - 1]{at} } 1 .. $#orders;
my ($gap) = sort { $a <=> $b } @gaps;
my @watts = sort { $a <=> $b } map { $_->{watts} } @orders;
ok($? == 0, 'hm-limit ends with 0', $?);
ok(@orders >= 30, 'it gives orders, and repeats them', scalar @orders);
ok($gap >= 30, 'never two within 30 s', $gap);
ok($watts[0] >= 50 && $watts[-1] <= 1500, 'within floor and ceiling', "@watts");
ok(!(grep { $_->{action} ne 'limit_temporary' || $_->{dtu} ne 'roof' } @orders),
    'each a temporary limit of the DTU', $json->encode(\@orders));
ok(keys %ids == @orders, 'each with its own id', join ' ', %ids);
ok(!@late, 'the exchange stays at the target', "@late");
ok($exported < 12, 'a kettle and a cloud cost less than 12 Wh', $exported);
print "1..$count\n";
