#pragma once
#include <compiler.h>
struct module;
#define THIS_MODULE ((struct module*)0)
int module_get_for(struct module* m, struct module* holder, const char* why);
void module_put_for(struct module* m, struct module* holder, const char* why);
#define module_init(fn) \
  int host_module_init(void) { return fn(); }
#define module_exit(fn) \
  void host_module_exit(void) { fn(); }
#define MODULE_DEVICE_TABLE(kind, table) struct module
#define MODULE_SOFTDEP(text) struct module
#define MODULE_DESCRIPTION(text) struct module
#define MODULE_LICENSE(text) struct module
int host_module_init(void);
void host_module_exit(void);
