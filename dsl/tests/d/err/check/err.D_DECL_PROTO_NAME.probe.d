provider p { probe x(void y); };
