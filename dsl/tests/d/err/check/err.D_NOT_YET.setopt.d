BEGIN { setopt("quiet"); }
