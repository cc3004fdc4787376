# The real tools, joined by this process, so that each can be restarted or
# killed alone, between a real hm.db and a real broker that a subscriber
# listens to. A round gives records to the chain and ends when all that follows
# from them has come from the broker: a marker goes through with them. Markers
# have one topic, because hm-publish repeats the last state of each.
package Chain;
use strict;
use warnings;
use IPC::Open2;

my $wait = 60; # s; a loaded machine is slow

sub new {
	my ($class, %given) = @_;
	my $self = bless { %given, rounds => 0, stages => [] }, $class;

	for my $name (qw(filter store ha-discovery publish)) {
		push @{$self->{stages}}, { name => $name, options => [] };
	}
	$self->start($_) for @{$self->{stages}};
	$self->listen;
	return $self;
}

sub stage {
	my ($self, $name) = @_;
	return (grep { $_->{name} eq $name } @{$self->{stages}})[0];
}

sub start {
	my ($self, $stage) = @_;
	my @command = ("hm-$stage->{name}", '--stats-period', 0,
	    @{$stage->{options}});

	local $ENV{DATABASE_PATH} = $self->{database};
	local $ENV{MQTT_BROKER} = '127.0.0.1';
	local $ENV{MQTT_PORT} = $self->{port};
	local $ENV{TIMEZONE} = 'UTC';
	open my $errors, '>&', \*STDERR or die "stderr: $!\n";
	open STDERR, '>>', $self->{log} or die "$self->{log}: $!\n";
	$stage->{pid} = open2($stage->{out}, $stage->{in}, @command);
	open STDERR, '>&', $errors or die "stderr: $!\n";
	close $errors;
	$stage->{in}->autoflush(1);
}

sub stop {
	my ($self, $stage, $kill) = @_;

	return unless $stage->{pid};
	kill 'KILL', $stage->{pid} if $kill;
	close $stage->{in};
	close $stage->{out};
	waitpid $stage->{pid}, 0;
	$stage->{pid} = 0;
}

# Restart a tool, with other options if they are given.
sub restart {
	my ($self, $name, $kill, @options) = @_;
	my $stage = $self->stage($name);

	$self->stop($stage, $kill);
	$stage->{options} = [@options] if @options;
	$self->start($stage);
}

# Do something that no tool with the database may see.
sub pause {
	my ($self, $do) = @_;
	my @stages = map { $self->stage($_) } qw(filter store);

	$self->stop($_) for @stages;
	$do->();
	$self->start($_) for @stages;
}

sub end {
	my ($self) = @_;
	$self->stop($_) for @{$self->{stages}};
	$self->deafen;
}

# The subscriber

# When this returns, the broker has the subscription: it sends what it retains.
sub listen {
	my ($self) = @_;
	my $ready = sprintf 'ready %d', ++$self->{subscriptions};

	$self->publish('ready', $ready, '-r');
	$self->{subscriber} = open $self->{heard}, '-|', 'mosquitto_sub',
	    '-h', '127.0.0.1', '-p', $self->{port}, '-q', 1,
	    '-t', "$self->{prefix}/#", '-F', "%r\t%t\t%p" or
	    die "mosquitto_sub: $!\n";
	$self->{first} = [];
	while (my $line = readline $self->{heard}) {
		push @{$self->{first}}, $line;
		return if $line =~ /\t\Q$ready\E$/;
	}
	die "mosquitto_sub has ended\n";
}

sub next_message {
	my ($self) = @_;
	return shift @{$self->{first}} // readline $self->{heard};
}

sub deafen {
	my ($self) = @_;

	return unless $self->{subscriber};
	# In its handler of SIGTERM mosquitto_sub may wait for a lock for ever.
	kill 'KILL', $self->{subscriber};
	close $self->{heard};
	$self->{subscriber} = 0;
}

sub publish {
	my ($self, $topic, $payload, @options) = @_;
	system('mosquitto_pub', '-h', '127.0.0.1', '-p', $self->{port}, '-q',
	    1, '-t', "$self->{prefix}/$topic", '-m', $payload, @options) == 0 or
	    die "mosquitto_pub fails\n";
}

# Rounds

sub pass {
	my ($stage, $text, $marker) = @_;
	my $got = '';

	print {$stage->{in}} $text;
	while (my $line = readline $stage->{out}) {
		$got .= $line;
		return $got if index($line, $marker) >= 0;
	}
	die "hm-$stage->{name} has ended\n";
}

# What the broker sends until the marker goes to $home.
sub hear {
	my ($self, $home, $marker) = @_;

	while (my $line = $self->next_message) {
		chomp $line;
		my ($retained, $topic, $payload) = split /\t/, $line, 3;
		next if $topic eq "$self->{prefix}/marker" &&
		    $payload ne $marker;
		return if $payload eq $marker;
		$home->message($topic, $retained, $payload);
	}
	die "mosquitto_sub has ended\n";
}

sub round {
	my ($self, $home, @records) = @_;
	my $marker = sprintf 'round %d.', ++$self->{rounds};
	my $text = join '', @records, qq({"type":"mqtt","topic":) .
	    qq("$self->{prefix}/marker","payload":"$marker","qos":1,) .
	    qq("retain":false}\n);

	local $SIG{ALRM} = sub { die "no marker after $wait s\n" };
	alarm $wait;
	$text = pass($_, $text, $marker) for @{$self->{stages}};
	$self->hear($home, $marker);
	alarm 0;
	$home->settle;
}

1;
