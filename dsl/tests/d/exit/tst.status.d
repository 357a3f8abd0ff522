/* The argument of exit() is the status of the command. */
/* @exit: 42 */
BEGIN { exit(42); }
