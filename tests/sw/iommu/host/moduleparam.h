#pragma once
#define module_param(name, type, perm)                                           \
  type* HOST_CONCAT(host_param_##name##_, HOST_MODULE)(void) { return &(name); } \
  struct module
#define MODULE_PARM_DESC(name, text) struct module
