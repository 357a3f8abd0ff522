/* Both are the probe a-b. */
provider app { probe a__b(int); probe a__b(string); };
