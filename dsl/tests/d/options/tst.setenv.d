/* The environment of the command that is traced. */
/* @args: -q -x setenv=DTRACE_TST=value -x unsetenv=_DTRACE_TESTING */
/* @cmd: /bin/sh -c echo$IFS$DTRACE_TST$IFS$_DTRACE_TESTING */
BEGIN
{
	ready = 1;
}
