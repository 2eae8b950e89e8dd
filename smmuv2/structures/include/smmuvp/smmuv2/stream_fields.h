// Fields of the registers that lead a stream to its context banks (IHI 0062 9.6.23, 9.6.25, 10.2).
#pragma once

#include "smmuvp/smmuv2/field_values.h"

namespace smmuvp::smmuv2 {

inline constexpr Field SMR_ID = Field{"ID", 14, 0, "IHI 0062 9.6.25", "StreamID"}.as(FieldUse::identifier);
inline constexpr Field SMR_MASK =
    Field{"MASK", 30, 16, "IHI 0062 9.6.25", "StreamID bits that do not count"}.as(FieldUse::identifier);
inline constexpr Field SMR_VALID{"VALID", 31, 31, "IHI 0062 9.6.25", "the group takes part in matching"};
inline constexpr Field SMR_EXID =
    Field{"EXID", 15, 0, "IHI 0062 9.6.25", "StreamID"}.as(FieldUse::identifier);
inline constexpr Field SMR_EXMASK =
    Field{"EXMASK", 31, 16, "IHI 0062 9.6.25", "StreamID bits that do not count"}.as(FieldUse::identifier);
inline constexpr const Field* SMR_fields[] = {&SMR_ID, &SMR_MASK, &SMR_VALID};
inline constexpr StructureInfo SMR_format{"SMMU_SMRn", "Stream Match Register", "IHI 0062 9.6.25", 4,
                                          SMR_fields};
inline constexpr const Field* SMR_extended_fields[] = {&SMR_EXID, &SMR_EXMASK};
inline constexpr StructureInfo SMR_extended_format{"SMMU_SMRn", "Stream Match Register, Extended ID format",
                                                   "IHI 0062 9.6.25", 4, SMR_extended_fields};

inline constexpr Field S2CR_CBNDX{"CBNDX", 7, 0, "IHI 0062 9.6.23", "context bank"};
inline constexpr Field S2CR_VMID =
    Field{"VMID", 7, 0, "IHI 0062 9.6.23", "VMID of bypasses: IMPLEMENTATION DEFINED, not built"}.as(
        FieldUse::implementation_defined);
inline constexpr Field S2CR_SHCFG = Field{"SHCFG", 9, 8, "IHI 0062 9.6.23", ""}.one_of(shareability_values);
inline constexpr Field S2CR_EXIDVALID{"EXIDVALID", 10, 10, "IHI 0062 9.6.23",
                                      "with the Extended ID format: the group is valid"};
inline constexpr Field S2CR_MTCFG{"MTCFG", 11, 11, "IHI 0062 9.6.23", "MemAttr counts"};
inline constexpr Field S2CR_MemAttr = Field{"MemAttr", 15, 12, "IHI 0062 9.6.23", ""}.as(FieldUse::code);
inline constexpr Field S2CR_TYPE = Field{"TYPE", 17, 16, "IHI 0062 9.6.23", ""}.one_of(S2CR_TYPE_values);
inline constexpr Field S2CR_NSCFG = Field{"NSCFG", 19, 18, "IHI 0062 9.6.23", ""}.one_of(non_secure_values);
inline constexpr Field S2CR_RACFG =
    Field{"RACFG", 21, 20, "IHI 0062 9.6.23", ""}.one_of(read_allocate_values);
inline constexpr Field S2CR_WACFG =
    Field{"WACFG", 23, 22, "IHI 0062 9.6.23", ""}.one_of(write_allocate_values);
inline constexpr Field S2CR_PRIVCFG =
    Field{"PRIVCFG", 25, 24, "IHI 0062 9.6.23", ""}.one_of(privilege_values);
inline constexpr Field S2CR_BSU = Field{"BSU", 25, 24, "IHI 0062 9.6.23", ""}.one_of(barrier_values);
inline constexpr Field S2CR_INSTCFG =
    Field{"INSTCFG", 27, 26, "IHI 0062 9.6.23", ""}.one_of(instruction_values);
inline constexpr Field S2CR_FB{"FB", 26, 26, "IHI 0062 9.6.23",
                               "maintenance is broadcast to the Inner Shareable domain"};
inline constexpr Field S2CR_TRANSIENTCFG =
    Field{"TRANSIENTCFG", 29, 28, "IHI 0062 9.6.23", ""}.one_of(transient_values);
inline constexpr Field S2CR_IMP =
    Field{"IMPLEMENTATION DEFINED", 31, 30, "IHI 0062 9.6.23", ""}.as(FieldUse::implementation_defined);
inline constexpr Field S2CR_IMP_fault =
    Field{"IMPLEMENTATION DEFINED", 31, 28, "IHI 0062 9.6.23", ""}.as(FieldUse::implementation_defined);
inline constexpr const Field* S2CR_translation_fields[] = {
    &S2CR_CBNDX, &S2CR_SHCFG, &S2CR_EXIDVALID, &S2CR_MTCFG,   &S2CR_MemAttr,      &S2CR_TYPE, &S2CR_NSCFG,
    &S2CR_RACFG, &S2CR_WACFG, &S2CR_PRIVCFG,   &S2CR_INSTCFG, &S2CR_TRANSIENTCFG, &S2CR_IMP};
inline constexpr StructureInfo S2CR_translation_format{"SMMU_S2CRn",
                                                       "Stream-to-Context Register, translation context",
                                                       "IHI 0062 9.6.23", 4, S2CR_translation_fields};
inline constexpr const Field* S2CR_bypass_fields[] = {
    &S2CR_VMID,  &S2CR_SHCFG, &S2CR_EXIDVALID, &S2CR_MTCFG, &S2CR_MemAttr,      &S2CR_TYPE, &S2CR_NSCFG,
    &S2CR_RACFG, &S2CR_WACFG, &S2CR_BSU,       &S2CR_FB,    &S2CR_TRANSIENTCFG, &S2CR_IMP};
inline constexpr StructureInfo S2CR_bypass_format{"SMMU_S2CRn", "Stream-to-Context Register, bypass mode",
                                                  "IHI 0062 9.6.23", 4, S2CR_bypass_fields};
inline constexpr const Field* S2CR_fault_fields[] = {&S2CR_EXIDVALID, &S2CR_TYPE, &S2CR_IMP_fault};
inline constexpr StructureInfo S2CR_fault_format{"SMMU_S2CRn", "Stream-to-Context Register, fault context",
                                                 "IHI 0062 9.6.23", 4, S2CR_fault_fields};

inline constexpr Field CBAR_VMID =
    Field{"VMID", 7, 0, "IHI 0062 10.2.1", "VMID, if they have 8 bits"}.as(FieldUse::identifier);
inline constexpr Field CBAR_CBNDX{"CBNDX", 15, 8, "IHI 0062 10.2.1", "context bank of stage 2"};
inline constexpr Field CBAR_BPSHCFG =
    Field{"BPSHCFG", 9, 8, "IHI 0062 10.2.1", ""}.one_of(bypass_shareability_values);
inline constexpr Field CBAR_HYPC{"HYPC", 10, 10, "IHI 0062 10.2.1", "Hypervisor context"};
inline constexpr Field CBAR_FB{"FB", 11, 11, "IHI 0062 10.2.1",
                               "maintenance is broadcast to the Inner Shareable domain"};
inline constexpr Field CBAR_MemAttr =
    Field{"MemAttr", 15, 12, "IHI 0062 10.2.1", "combined with the attributes of stage 1"}.as(FieldUse::code);
inline constexpr Field CBAR_TYPE = Field{"TYPE", 17, 16, "IHI 0062 10.2.1", ""}.one_of(CBAR_TYPE_values);
inline constexpr Field CBAR_BSU = Field{"BSU", 19, 18, "IHI 0062 10.2.1", ""}.one_of(barrier_values);
inline constexpr Field CBAR_RACFG =
    Field{"RACFG", 21, 20, "IHI 0062 10.2.1", ""}.one_of(read_allocate_values);
inline constexpr Field CBAR_WACFG =
    Field{"WACFG", 23, 22, "IHI 0062 10.2.1", ""}.one_of(write_allocate_values);
inline constexpr Field CBAR_IRPTNDX{"IRPTNDX", 31, 24, "IHI 0062 10.2.1",
                                    "context interrupt, if they are assignable"};
inline constexpr const Field* CBAR_stage2_fields[] = {&CBAR_VMID, &CBAR_TYPE, &CBAR_IRPTNDX};
inline constexpr StructureInfo CBAR_stage2_format{"SMMU_CBARn", "Context Bank Attribute Register, stage 2",
                                                  "IHI 0062 10.2.1", 4, CBAR_stage2_fields};
inline constexpr const Field* CBAR_stage1_fields[] = {&CBAR_VMID,    &CBAR_BPSHCFG, &CBAR_HYPC, &CBAR_FB,
                                                      &CBAR_MemAttr, &CBAR_TYPE,    &CBAR_BSU,  &CBAR_RACFG,
                                                      &CBAR_WACFG,   &CBAR_IRPTNDX};
inline constexpr StructureInfo CBAR_stage1_format{
    "SMMU_CBARn", "Context Bank Attribute Register, stage 1 with stage 2 bypass", "IHI 0062 10.2.1", 4,
    CBAR_stage1_fields};
inline constexpr const Field* CBAR_stage1_fault_fields[] = {&CBAR_TYPE, &CBAR_IRPTNDX};
inline constexpr StructureInfo CBAR_stage1_fault_format{
    "SMMU_CBARn", "Context Bank Attribute Register, stage 1 with stage 2 fault", "IHI 0062 10.2.1", 4,
    CBAR_stage1_fault_fields};
inline constexpr const Field* CBAR_nested_fields[] = {&CBAR_VMID, &CBAR_CBNDX, &CBAR_TYPE, &CBAR_IRPTNDX};
inline constexpr StructureInfo CBAR_nested_format{
    "SMMU_CBARn", "Context Bank Attribute Register, stage 1 followed by stage 2", "IHI 0062 10.2.1", 4,
    CBAR_nested_fields};

inline constexpr Field CBA2R_VA64{"VA64", 0, 0, "IHI 0062 10.2.2", "AArch64 translation scheme"};
inline constexpr Field CBA2R_MONC{"MONC", 1, 1, "IHI 0062 10.2.2", "Monitor context"};
inline constexpr Field CBA2R_VMID16 =
    Field{"VMID16", 31, 16, "IHI 0062 10.2.2", "VMID, if they have 16 bits"}.as(FieldUse::identifier);
inline constexpr const Field* CBA2R_fields[] = {&CBA2R_VA64, &CBA2R_MONC, &CBA2R_VMID16};
inline constexpr StructureInfo CBA2R_format{"SMMU_CBA2Rn", "Context Bank Attribute Register 2",
                                            "IHI 0062 10.2.2", 4, CBA2R_fields};
inline constexpr Field CBFRSYNRA_StreamID =
    Field{"StreamID", 15, 0, "IHI 0062 10.2.3", ""}.as(FieldUse::identifier);
inline constexpr Field CBFRSYNRA_SSD_Index =
    Field{"SSD_Index", 31, 16, "IHI 0062 10.2.3", "for Secure software only"}.as(FieldUse::identifier);
inline constexpr const Field* CBFRSYNRA_fields[] = {&CBFRSYNRA_StreamID, &CBFRSYNRA_SSD_Index};
inline constexpr StructureInfo CBFRSYNRA_format{"SMMU_CBFRSYNRAn",
                                                "Context Bank Fault Restricted Syndrome Register A",
                                                "IHI 0062 10.2.3", 4, CBFRSYNRA_fields};

}  // namespace smmuvp::smmuv2
