#pragma once
#include <list.h>
#include <types.h>
struct device_node;
struct module;
struct adreno_smmu_ops;
struct device;
struct iommu_ops {
  const struct adreno_smmu_ops* adreno;
};
struct iommu_device {
  struct device* dev;
  const struct iommu_ops* ops;
};
struct iommu_fwspec {
  struct iommu_device* iommu;
};
struct device {
  const char* name;
  struct device_node* of_node;
  struct iommu_fwspec* iommu;
  bool dma_coherent;
};
struct of_device_id {
  const char* compatible;
};
struct device_driver {
  const char* name;
  const struct of_device_id* of_match_table;
};
#define dev_name(d) ((d)->name)
void* devm_kzalloc(struct device* dev, size_t size, gfp_t gfp);
/* Kept for host_messages(). */
__attribute__((format(printf, 1, 2))) void host_say(const char* fmt, ...);
#define dev_err(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_warn(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_info(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_err_ratelimited(d, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__))
#define dev_err_probe(d, err, fmt, ...) ((void)(d), host_say(fmt, ##__VA_ARGS__), (err))
#define device_iommu_mapped(d) ((d)->iommu != NULL)
