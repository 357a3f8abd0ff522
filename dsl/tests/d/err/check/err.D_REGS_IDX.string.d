BEGIN { trace(uregs["x"]); }
