/* json(): the text of an element, or NULL. */
string s;

BEGIN
{
	s = "{\"a\": {\"b\": [1, {\"c\": \"x y\"}, [], -2.5e3]}, \"n\": null, \"t\" :true, \"q\\\"\": \"z\\\"w\"}";
	printf("[%s] [%s] [%s]\n", json(s, "a.b[1].c"), json(s, "a.b[0]"), json(s, "a.b[3]"));
	printf("[%s] [%s] [%s]\n", json(s, "n"), json(s, "t"), json(s, "a.b[2]"));
	printf("[%s]\n", json(s, "a.b[1]"));
	printf("[%s]\n", json(s, "q\\\""));
	printf("%d %d %d %d\n", json(s, "b") == NULL, json(s, "a.c") == NULL, json(s, "a.b[4]") == NULL,
	    json(s, "a.b[x]") == NULL);
	printf("%d %d %d %d\n", json(s, "a..b") == NULL, json(s, "[0]") == NULL, json(s, "n.x") == NULL,
	    json("", "a") == NULL);
}

BEGIN
{
	printf("[%s] [%s] [%s]\n", json("[10, 20, [30, 40]]", "[2][1]"), json("5", ""), json(" \"x\" ", ""));
	exit(0);
}
