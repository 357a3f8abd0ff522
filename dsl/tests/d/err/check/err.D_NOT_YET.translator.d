translator int < int x > { }; BEGIN { trace(1); }
