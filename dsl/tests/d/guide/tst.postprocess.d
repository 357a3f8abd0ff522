/* Performance: data is aggregated where it is made, and printed once. */
int i;
tick-1ms /i < 100/ { i += 20; @[i % 40 == 0 ? "even" : "odd"] = sum(i); }
tick-1ms /i >= 100/ { exit(0); }
END { printa(@); trunc(@); }
