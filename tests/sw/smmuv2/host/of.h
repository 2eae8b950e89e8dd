#pragma once
#include <types.h>
struct device_node;
bool of_device_is_compatible(const struct device_node* np, const char* compatible);
int of_property_read_u32(const struct device_node* np, const char* name, u32* out);
