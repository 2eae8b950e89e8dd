#pragma once
struct module;
int module_get_by(struct module* m, struct module* holder);
void module_put_by(struct module* m, struct module* holder);
#define __init
#define __exit
#define THIS_MODULE ((struct module*)0)
#define EXPORT_SYMBOL_GPL(s) struct module
#define MODULE_LICENSE(l) struct module
#define MODULE_DESCRIPTION(d) struct module
#define module_init(fn)                       \
  int host_init_module(void) { return fn(); } \
  struct module
#define module_exit(fn)                    \
  void host_cleanup_module(void) { fn(); } \
  struct module
