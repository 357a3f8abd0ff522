short float x;
