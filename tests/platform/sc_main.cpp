// libsystemc wants one; these tests start no simulation.
int sc_main(int, char**) { return 0; }
