#pragma once
#include <types.h>
struct device_node;
int of_property_read_u32(const struct device_node* np, const char* name, u32* out);
