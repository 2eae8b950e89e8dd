#pragma once
struct device;
/* Counted; must come with no lock held. */
void driver_deferred_probe_trigger(void);
#define dev_err(d, fmt, ...) ((void)(d), host_log(fmt, ##__VA_ARGS__))
