#pragma once
#define EXPORT_SYMBOL(s) struct module
#define EXPORT_SYMBOL_GPL(s) struct module
