/* exit() in END gives the status. */
/* @exit: 5 */
BEGIN { exit(1); }
END { exit(5); }
