# How prove reports the tests: a line for each test program, with its whole
# output before that line if it failed, and "N passed, N failed" as the last
# line.
package TestReport;
use strict;
use warnings;
use base 'TAP::Formatter::Base';

$| = 1;

# A program also fails by its exit status, by a wrong plan, or if it tests
# nothing. Without a failed test that counts as one. A test whose name ends like
# "#TODO" passes for prove even if it failed; here it fails.
sub counts {
	my ($parser) = @_;
	my $todo = $parser->todo;
	my $passed = $parser->passed - $todo;
	my $failed = $parser->failed + $todo;
	my $good = $passed && !$todo && $parser->is_good_plan &&
	    !$parser->has_problems;

	return ($passed, $good ? 0 : $failed || 1);
}

sub open_test {
	my ($self, $name, $parser) = @_;
	return bless { name => $name, parser => $parser, output => '' },
	    'TestReport::Program';
}

sub summary {
	my ($self, $all, $interrupted) = @_;
	my ($passed, $failed) = (0, 0);

	$self->SUPER::summary($all, $interrupted);
	for my $parser ($all->parsers) {
		my ($good, $bad) = counts($parser);
		$passed += $good;
		$failed += $bad;
	}
	print "$passed passed, $failed failed\n";
	exit 1 if $interrupted || $failed || !$passed;
}

package TestReport::Program;

sub result {
	my ($self, $line) = @_;
	$self->{output} .= $line->raw . "\n";
}

sub close_test {
	my ($self) = @_;
	my $parser = $self->{parser};
	my ($passed, $failed) = TestReport::counts($parser);
	my ($name) = $self->{name} =~ m{([^/]+/[^/]+)$};

	print $self->{output} if $failed;
	printf "%-32s %4d passed, %d failed, %.0f s\n", $name, $passed, $failed,
	    ($parser->end_time || $parser->get_time) - $parser->start_time;
}

1;
