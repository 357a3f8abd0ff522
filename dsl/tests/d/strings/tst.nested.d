BEGIN { trace(strjoin(strjoin(execname, probefunc), strjoin(probemod, probename))); trace(strlen(strjoin("a", "b")) + strlen("c")); }
