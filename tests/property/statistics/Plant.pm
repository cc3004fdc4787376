# A DTU with inverters of two inputs whose true energies are known. Nothing is
# misread here: the energy guard has its own test. It also counts what the
# members of the DTU have made while they were members. The second input of an
# inverter may be dark: it reads 0 for some polls.
package Plant;
use strict;
use warnings;
use POSIX ();

my $inputs = 2;
my $watts = 250; # at most, of an input
my $day = 86400;

sub new {
	my ($class, $count) = @_;
	my $self = bless { time => 20600 * $day + 8 * 3600, day => 20600,
	    serial => 0, inverters => [], made => 0, slack => 0, lost => 0 }, $class;

	# In the DTU's first hour an input that joins adds its lifetime.
	darken($self->add, 11 + int rand 8) for 1 .. $count;
	return $self;
}

sub line {
	my $text = '';

	while (my ($key, $value) = splice @_, 0, 2) {
		$value = qq("$value") if $key =~ /^(?:type|time|dtu|serial|
		    model|state|breaker)$/x;
		$text .= qq(,"$key":$value);
	}
	return '{' . substr($text, 1) . "}\n";
}

sub now {
	my ($self) = @_;
	return POSIX::strftime('%Y-%m-%dT%H:%M:%SZ', gmtime $self->{time});
}

# Members. An inverter that the DTU does not list now is one: what it makes
# meanwhile counts when it is back.

sub add {
	my ($self, $made) = @_;
	my $inverter = { serial => sprintf('1164%08d', ++$self->{serial}),
	    listed => 1, excluded => 0, readings => 0 };

	for (1 .. $inputs) {
		my $wh = $made // 100_000 + int rand 3_000_000;
		push @{$inverter->{inputs}}, { made => $wh, base => $wh,
		    before => [$wh, $wh] };
	}
	push @{$self->{inverters}}, $inverter;
	return $inverter;
}

sub darken {
	my ($inverter, $polls) = @_;
	my $input = $inverter->{inputs}[1];

	return if int rand 2;
	$input->{dark} = $polls;
	$input->{unseen} = 1;
	# One that was known for three polls has joined its inverter.
	$input->{reads} = [] if @{$input->{reads} // []} < 3;
}

sub light {
	my ($self) = @_;
	$_->{inputs}[1]{dark} = 0 for @{$self->{inverters}};
}

# Wh of an inverter's lifetime that its total may lack, at least and at most, if
# its second input has joined later.
sub left_out {
	my ($self, $inverter) = @_;
	my $reads = $inverter->{inputs}[1]{reads} // [];
	my $now = $self->lifetime($inverter, 2);
	return ($reads->[0] // $now, $reads->[2] // $now);
}

sub is_member {
	my ($inverter) = @_;
	return $inverter->{listed} && !$inverter->{excluded};
}

# Wh since the last reading, or since the one before it, which is the newest one
# that is shown.
sub since_reading {
	my ($inverter, $n) = @_;
	my $wh = 0;

	$wh += $_->{made} - $_->{before}[$n] for @{$inverter->{inputs}};
	return $wh;
}

# The same of all members.
sub unread {
	my ($self, $n) = @_;
	my $unread = 0;

	$unread += since_reading($_, $n)
	    for grep { $_->{counts} } @{$self->{inverters}};
	return $unread;
}

# A new inverter goes on from the energies that were shown of the old one: what
# it has made itself counts from its first Wh.
sub replace {
	my ($self, $old, @shown) = @_;
	my $new = $self->add(1);

	$self->leave($old);
	$old->{listed} = 0;
	$old->{replaced} = 1;
	$new->{counts} = 1;
	$new->{inputs}[1]{reads} = $old->{inputs}[1]{reads};
	for my $input (@{$new->{inputs}}) {
		$input->{raised} = shift @shown;
		$self->{made} += $input->{made};
	}
	return $new;
}

# The total that is to be shown when all has been read.
sub lifetime {
	my ($self, $inverter, $n) = @_;
	my $input = $inverter->{inputs}[$n - 1];
	return $input->{made} + ($input->{raised} // 0);
}

# Members have made this since their second last reading of a day that ends now,
# so that no energy of a day has it. Nothing counts twice.
sub end_day {
	my ($self) = @_;

	for my $inverter (grep { $_->{counts} } @{$self->{inverters}}) {
		for my $input (@{$inverter->{inputs}}) {
			my $from = $input->{before}[0];
			$from = $input->{lost_to}
			    if ($input->{lost_to} // 0) > $from;
			$self->{lost} += $input->{made} - $from;
			$input->{lost_to} = $input->{made};
		}
	}
}

# Time

sub produce {
	my ($self, $seconds, $shines) = @_;

	$self->{time} += $seconds;
	my $next = int($self->{time} / $day);
	for my $inverter (@{$self->{inverters}}) {
		for my $input (@{$inverter->{inputs}}) {
			my $wh = $shines ?
			    int(rand($watts) * $seconds / 3600) : 0;
			$self->{made} += $wh if $inverter->{counts};
			$self->{slack} += $wh
			    if $inverter->{counts} && $input->{unseen};
			$input->{made} += $wh;
			$input->{base} = $input->{made}
			    if $next != $self->{day};
		}
	}
	$self->{day} = $next;
}

# Records

# The counters of an input, in a reading that others may confirm.
sub energies {
	my ($inverter, $input) = @_;
	my $reads = $input->{reads};

	if ($input->{dark}) {
		$input->{dark}--;
		return (today_production => 0, total_production => 0);
	}
	$input->{unseen} = 0;
	# It joins its inverter when that is shown.
	push @$reads, $input->{made} + ($input->{raised} // 0)
	    if $reads && @$reads < ($inverter->{excluded} ? 1 : 3);
	return (today_production => $input->{made} - $input->{base},
	    total_production => $input->{made});
}

sub inverter_records {
	my ($self, $inverter, $awake) = @_;
	my @common = (time => $self->now, dtu => 'roof',
	    serial => $inverter->{serial});
	my @state = (operating_status => $awake ? 3 : 0, link_status => 1);
	my @records = line(type => 'inverter', @common,
	    model => 'HMS-1600/1800/2000-4T', active_power => $awake ? 99 : 0,
	    @state);

	for my $n (1 .. $inputs) {
		my $input = $inverter->{inputs}[$n - 1];
		my @energies = $awake ? energies($inverter, $input) : ();
		push @records, line(type => 'port', @common, port => $n,
		    pv_power => $awake ? 50 : 0, @energies, @state);
	}
	return @records;
}

# A poll: its records. The inverters that are heard are members from it on.
sub poll {
	my ($self, $awake) = @_;
	my @records;

	for my $inverter (grep { $_->{listed} } @{$self->{inverters}}) {
		push @records, $self->inverter_records($inverter, $awake);
		next unless $awake;
		# The count of a new member starts at one of its first readings.
		$self->{slack} += since_reading($inverter, 1)
		    if $inverter->{counts} && $inverter->{readings}++ < 3;
		$inverter->{counts} = is_member($inverter);
		$_->{before} = [$_->{before}[1], $_->{made}]
		    for @{$inverter->{inputs}};
	}
	return @records, line(type => 'dtu', time => $self->now,
	    dtu => 'roof', serial => '10f900000001', pv_power => 99,
	    today_production => 1, total_production => 1);
}

sub status {
	my ($self, $state) = @_;
	return line(type => 'status', time => $self->now, dtu => 'roof',
	    state => $state, breaker => 'closed',
	    failures => $state eq 'online' ? 0 : 3);
}

# An inverter is no member any more, or becomes one with the next poll.
sub leave {
	my ($self, $inverter) = @_;
	$self->{slack} += since_reading($inverter, 0) if $inverter->{counts};
	$inverter->{counts} = $inverter->{readings} = 0;
}

1;
