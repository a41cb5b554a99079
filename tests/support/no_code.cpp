// The source of a target that has headers to precompile and nothing else.
