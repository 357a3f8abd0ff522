#pragma D option strsize=1k
#pragma D option quiet
BEGIN { a[execname] = 1; trace(sizeof(string)); stack(); }
