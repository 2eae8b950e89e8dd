#pragma once
#include <types.h>
struct iommu_fwspec;
struct device_node;
struct device {
  const char* name;
  struct device_node* of_node;
  struct iommu_fwspec* iommu;
  struct iommu_group* iommu_group;
  bool dma_coherent;
};
#define dev_name(d) ((d)->name)
/* Kept for host_messages(). */
__attribute__((format(printf, 1, 2))) void host_say(const char* fmt, ...);
#define dev_err(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_warn(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_info(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
