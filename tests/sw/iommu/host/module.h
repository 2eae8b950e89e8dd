#pragma once
struct module;
int module_get_for(struct module* m, struct module* holder, const char* why);
void module_put_for(struct module* m, struct module* holder, const char* why);
#ifndef __cplusplus /* whose library has the names */
#define __init
#define __exit
#endif
/* One module for all formats; `HOST_MODULE` says whose functions a file has. */
extern char host_module;
#define THIS_MODULE ((struct module*)&host_module)
#define EXPORT_SYMBOL_GPL(s) struct module
#define MODULE_LICENSE(l) struct module
#define MODULE_DESCRIPTION(d) struct module
#define MODULE_ALIAS(a) struct module
#define HOST_CONCAT2(a, b) a##b
#define HOST_CONCAT(a, b) HOST_CONCAT2(a, b)
#define module_init(fn)                                           \
  int HOST_CONCAT(host_init_, HOST_MODULE)(void) { return fn(); } \
  struct module
#define module_exit(fn)                                     \
  void HOST_CONCAT(host_exit_, HOST_MODULE)(void) { fn(); } \
  struct module
