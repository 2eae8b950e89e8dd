/* SPDX-License-Identifier: MIT */
/*
 * Address translation services of PCI Express: a device's own cache of
 * translations (ATS), requests for pages (PRI), and address spaces by process
 * (PASID). For IOMMU drivers.
 *
 * They are turned on in the order PASID, ATS, PRI, and off in the opposite one:
 * PASID Enable must not change while ATS Enable is 1 (Base 7.8.8.3), and page
 * requests are answered by translations.
 */
#ifndef PCI_ATS_H
#define PCI_ATS_H

#include <pci.h>

#ifdef CONFIG_PCI
bool pci_ats_supported(const struct pci_dev *pdev);
int pci_enable_ats(struct pci_dev *pdev, unsigned int page_shift);
void pci_disable_ats(struct pci_dev *pdev);

bool pci_pri_supported(const struct pci_dev *pdev);
int pci_enable_pri(struct pci_dev *pdev, u32 requests);
void pci_disable_pri(struct pci_dev *pdev);
int pci_reset_pri(struct pci_dev *pdev);
bool pci_prg_resp_pasid_required(const struct pci_dev *pdev);
bool pci_pri_stopped(const struct pci_dev *pdev);

int pci_enable_pasid(struct pci_dev *pdev, int features);
void pci_disable_pasid(struct pci_dev *pdev);
int pci_pasid_features(const struct pci_dev *pdev);
int pci_max_pasids(const struct pci_dev *pdev);
#else
/* Of what there is none, nothing can be turned on. */
static inline bool pci_ats_supported(const struct pci_dev *pdev)
{
	return false;
}

static inline int pci_enable_ats(struct pci_dev *pdev, unsigned int page_shift)
{
	return -ENODEV;
}

static inline void pci_disable_ats(struct pci_dev *pdev)
{
}

static inline bool pci_pri_supported(const struct pci_dev *pdev)
{
	return false;
}

static inline int pci_enable_pri(struct pci_dev *pdev, u32 requests)
{
	return -ENODEV;
}

static inline void pci_disable_pri(struct pci_dev *pdev)
{
}

static inline int pci_reset_pri(struct pci_dev *pdev)
{
	return -ENODEV;
}

static inline bool pci_prg_resp_pasid_required(const struct pci_dev *pdev)
{
	return false;
}

static inline bool pci_pri_stopped(const struct pci_dev *pdev)
{
	return true;
}

static inline int pci_enable_pasid(struct pci_dev *pdev, int features)
{
	return -ENODEV;
}

static inline void pci_disable_pasid(struct pci_dev *pdev)
{
}

static inline int pci_pasid_features(const struct pci_dev *pdev)
{
	return -ENODEV;
}

static inline int pci_max_pasids(const struct pci_dev *pdev)
{
	return -ENODEV;
}
#endif

#endif
