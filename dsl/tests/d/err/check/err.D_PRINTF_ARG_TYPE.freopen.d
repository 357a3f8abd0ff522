BEGIN { freopen("%s", 1); }
