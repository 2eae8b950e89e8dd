#pragma once
#include <mutex.h>
#include <types.h>
struct device_node;
struct module;
struct device {
  const char* name;
  struct device_node* of_node;
  bool dma_coherent;
  bool behind_iommu;
};
struct of_device_id {
  const char* compatible;
};
struct resource {
  u64 start, end;
};
#define resource_size(r) ((r)->end - (r)->start + 1)
struct device_driver {
  const char* name;
  const struct of_device_id* of_match_table;
};
#define dev_name(d) ((d)->name)
struct device* get_device(struct device* dev);
void put_device(struct device* dev);
int devm_add_action_or_reset(struct device* dev, void (*action)(void*), void* data);
/* Kept for host_messages(). */
__attribute__((format(printf, 1, 2))) void host_say(const char* fmt, ...);
#define dev_err(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_warn(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_info(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_err_ratelimited(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_err_probe(d, err, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__), (err))
#define device_iommu_mapped(d) ((d)->behind_iommu)
