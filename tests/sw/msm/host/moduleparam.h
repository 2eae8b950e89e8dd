#pragma once
#define module_param(variable, type, mode) struct module
#define MODULE_PARM_DESC(name, text) struct module
