BEGIN { trace(strjoin("x", 5)); }
