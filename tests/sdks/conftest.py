"""What tests/sdks runs is no test of ours."""

collect_ignore = ["programs"]
