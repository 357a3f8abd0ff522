#pragma D option version=3.1
BEGIN { exit(0); }
