# A model of Home Assistant's MQTT integration, and of how its recorder makes
# statistics of sensors with the state class total_increasing: a value below
# nine tenths of the last one is a meter that started again at 0, and counts
# wholly; any other change counts as it is, down or up. Values are converted to
# Wh by the unit that the entity has when it is written. A new config leaves the
# entity its number. A message that comes right behind the first config of an
# entity is lost, because the entity subscribes later; a retained one is not.
# Topics of hm that are not retained end in /state.
package Home;
use strict;
use warnings;
use JSON::PP;

my %wh_of = (Wh => 1, kWh => 1000, MWh => 1_000_000, GWh => 1_000_000_000);

sub new {
	my ($class, $prefix) = @_;
	return bless { prefix => $prefix, entities => {}, sums => {},
	    retained => {}, complaints => [] }, $class;
}

sub complain {
	my ($self, $text) = @_;
	push @{$self->{complaints}}, $text;
}

# The recorder

sub record {
	my ($self, $id) = @_;
	my $entity = $self->{entities}{$id};
	return unless $entity->{increasing} && is_available($entity) &&
	    defined $entity->{value} && defined $wh_of{$entity->{unit}};
	my $wh = int($entity->{value} * $wh_of{$entity->{unit}} + 0.5);
	my $sum = $self->{sums}{$id} //=
	    { sum => 0, start => $wh, last => $wh, first => $wh };

	if ($wh < 0.9 * $sum->{last}) {
		$sum->{sum} += $sum->{last} - $sum->{start};
		$sum->{start} = 0;
	}
	$sum->{last} = $wh;
}

# The sum of an entity's statistics in Wh, and its first value; () if unknown.
sub sum {
	my ($self, $id) = @_;
	my $sum = $self->{sums}{$id} or return;
	return ($sum->{sum} + $sum->{last} - $sum->{start}, $sum->{first});
}

# Entities

sub is_available {
	my ($entity) = @_;
	return !grep { ($_->{state} // '') ne 'online' }
	    @{$entity->{availability}};
}

# The key of a template that reads one member of the payload.
sub key_of {
	my ($template) = @_;
	return ($template // '') =~ /value_json\.(\w+)/ ? $1 : undef;
}

sub member {
	my ($payload, $key) = @_;
	my $object = eval { decode_json($payload) };
	return ref $object eq 'HASH' && exists $object->{$key} ?
	    (1, $object->{$key}) : (0, undef);
}

sub take_availability {
	my ($source, $payload) = @_;
	my $key = key_of($source->{value_template});

	$source->{state} = defined $key ?
	    (member($payload, $key))[0] ? 'online' : 'offline' : $payload;
}

sub take_state {
	my ($entity, $payload) = @_;
	my ($there, $value) = member($payload, $entity->{key});

	return 0 if !$there || (defined $value && $value eq '');
	$entity->{value} = $value;
	return 1;
}

# What a subscription gives at once.
sub hear_retained {
	my ($self, $id) = @_;
	my $entity = $self->{entities}{$id};

	for my $source (@{$entity->{availability}}) {
		my $payload = $self->{retained}{$source->{topic}};
		take_availability($source, $payload) if defined $payload;
	}
	my $payload = $self->{retained}{$entity->{topic}};
	take_state($entity, $payload) if defined $payload;
}

sub discover {
	my ($self, $from, $config) = @_;
	my $id = $config->{unique_id};
	my $old = $self->{entities}{$id};
	my %known = map { $_->{topic} => $_->{state} }
	    $old ? @{$old->{availability}} : ();

	if ($old && $old->{from} ne $from) {
		$self->complain("$from: $id is announced by $old->{from}");
		return;
	}
	my $entity = $self->{entities}{$id} = {
		from => $from,
		unit => $config->{unit_of_measurement} // '',
		increasing => ($config->{state_class} // '') eq
		    'total_increasing',
		topic => $config->{state_topic},
		key => key_of($config->{value_template}) // '',
		availability => $config->{availability},
		value => $old ? $old->{value} : undef,
		deaf => !$old || $old->{deaf},
	};
	$_->{state} = $known{$_->{topic}} for @{$entity->{availability}};
	$self->hear_retained($id) unless $old;
	$self->record($id);
}

sub of_topic {
	my ($self, $from) = @_;
	return grep { $self->{entities}{$_}{from} eq $from }
	    keys %{$self->{entities}};
}

# Discovery messages

sub components {
	my ($self, $from, $message) = @_;
	my $components = $message->{components};

	for my $name (sort keys %$components) {
		my $component = $components->{$name};

		if (keys %$component > 1) {
			$self->{named}{$from}{$name} =
			    $component->{unique_id};
			$self->discover($from, $component);
		} elsif (my $id = delete $self->{named}{$from}{$name}) {
			delete $self->{entities}{$id};
		}
	}
}

sub config {
	my ($self, $from, $payload) = @_;

	if ($payload eq '') {
		delete @{$self->{entities}}{$self->of_topic($from)};
		return;
	}
	my $message = decode_json($payload);
	# The empty message that follows removes its entities from here, and the
	# next one brings them back: the sums stay in any case.
	return if $message->{migrate_discovery};
	if ($message->{components}) {
		$self->components($from, $message);
	} else {
		$self->discover($from, $message);
	}
}

# Everything that comes from the broker

sub is_config {
	my ($self, $topic) = @_;
	return $topic =~ m{^\Q$self->{prefix}\E/[a-z_]+/(?:[^/]+/)?[^/]+/config$};
}

sub message {
	my ($self, $topic, $retained, $payload) = @_;
	my $live = !$retained && $topic =~ m{/state$};

	$self->{retained}{$topic} = $payload unless $live;
	return $self->config($topic, $payload) if $self->is_config($topic);
	for my $id (sort keys %{$self->{entities}}) {
		my $entity = $self->{entities}{$id};
		my ($writes, $was) = (0, is_available($entity));

		next if $entity->{deaf} && $live;
		for my $source (@{$entity->{availability}}) {
			take_availability($source, $payload)
			    if $source->{topic} eq $topic;
		}
		$writes = take_state($entity, $payload)
		    if $entity->{topic} eq $topic;
		$self->record($id) if $writes ||
		    (!$was && is_available($entity));
	}
}

# All that has been sent with the first config of an entity has come.
sub settle {
	my ($self) = @_;
	$_->{deaf} = 0 for values %{$self->{entities}};
}

# A restart: entities are restored when their config comes again.
sub restart {
	my ($self) = @_;
	$self->{entities} = {};
	$self->{retained} = {};
	$self->{named} = {};
}

1;
