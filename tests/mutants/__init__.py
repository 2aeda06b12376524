"""Small faults planted into the code, one at a time: does a test find each? `./test mutants`."""
