/* The array is not there yet when its own first key asks for an element. */
BEGIN
{
	a["one", a["one", "two"]] = "five";
}
