#pragma once
#include <device.h>
#define IOMMU_READ 1
#define IOMMU_WRITE 2
#define IOMMU_CACHE 4
#define IOMMU_NOEXEC 8
#define IOMMU_PRIV 32
#define IOMMU_DOMAIN_UNMANAGED 1
struct iommu_iotlb_gather;
struct iommu_domain {
  u64 aperture_start;
};
enum iommu_fault_type { IOMMU_FAULT_TRANSLATION, IOMMU_FAULT_PERMISSION };
struct iommu_fault {
  enum iommu_fault_type type;
  u32 raw_type;
  bool write, priv;
  u64 iova;
};
enum iommu_page_response { IOMMU_PAGE_RETRY, IOMMU_PAGE_ABORT };
typedef void (*iommu_fault_handler_t)(struct device* dev, const struct iommu_fault* fault, void* data);
typedef enum iommu_page_response (*iommu_page_fault_handler_t)(struct device* dev,
                                                               struct iommu_domain* domain,
                                                               const struct iommu_fault* fault, void* data);
int iommu_set_fault_handler(struct device* dev, iommu_fault_handler_t handler, void* data);
int iommu_set_page_fault_handler(struct device* dev, iommu_page_fault_handler_t handler, void* data);
struct iommu_domain* iommu_domain_alloc(struct device* dev, unsigned type);
void iommu_domain_free(struct iommu_domain* domain);
int iommu_attach_device(struct iommu_domain* domain, struct device* dev);
void iommu_detach_device(struct iommu_domain* domain, struct device* dev);
int iommu_map(struct iommu_domain* domain, u64 iova, phys_addr_t phys, size_t size, int prot);
