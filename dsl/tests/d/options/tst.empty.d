/* @args: -x empty */
/* @exit: 1 */
/* @err: no probes matched */
