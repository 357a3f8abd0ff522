/* This text is read already. */
#pragma D option cpp
BEGIN { exit(0); }
