#pragma once
#define EXPORT_SYMBOL_GPL(s) struct module
