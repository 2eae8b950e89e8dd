// Encodings that registers share, or that have names (IHI 0062).
#pragma once

#include "smmuvp/base/fields.h"

namespace smmuvp::smmuv2 {

// Reserved values behave as Table 2-4 says.
inline constexpr FieldValue non_secure_values[] = {
    {0, "default"}, {1, "Reserved, behaves as 0b11", true}, {2, "Secure"}, {3, "Non-secure"}};
inline constexpr FieldValue write_allocate_values[] = {
    {0, "default"}, {1, "Reserved, behaves as 0b00", true}, {2, "Write-Allocate"}, {3, "No Write-Allocate"}};
inline constexpr FieldValue read_allocate_values[] = {
    {0, "default"}, {1, "Reserved, behaves as 0b00", true}, {2, "Read-Allocate"}, {3, "No Read-Allocate"}};
inline constexpr FieldValue transient_values[] = {
    {0, "default"}, {1, "Reserved, behaves as 0b00", true}, {2, "Non-transient"}, {3, "Transient"}};
inline constexpr FieldValue instruction_values[] = {
    {0, "default"}, {1, "Reserved, behaves as 0b11", true}, {2, "Data"}, {3, "Instruction"}};
inline constexpr FieldValue privilege_values[] = {
    {0, "default"},
    {1, "Data and Instruction Privileged Access Never with SMMU_IDR2.DIPANS, else behaves as 0b10"},
    {2, "Unprivileged"},
    {3, "Privileged"}};
inline constexpr FieldValue shareability_values[] = {
    {0, "default"}, {1, "Outer Shareable"}, {2, "Inner Shareable"}, {3, "Non-shareable"}};
inline constexpr FieldValue stage2_shareability_values[] = {
    {0, "Non-shareable"}, {1, "Outer Shareable"}, {2, "Inner Shareable"}, {3, "Non-shareable"}};
inline constexpr FieldValue bypass_shareability_values[] = {{0, "Reserved, behaves as 0b01", true},
                                                            {1, "Outer Shareable"},
                                                            {2, "Inner Shareable"},
                                                            {3, "Non-shareable"}};
inline constexpr FieldValue barrier_values[] = {
    {0, "no effect"}, {1, "Inner Shareable"}, {2, "Outer Shareable"}, {3, "full system"}};

inline constexpr FieldValue S2CR_TYPE_values[] = {{0, "translation context"},
                                                  {1, "bypass mode"},
                                                  {2, "fault context"},
                                                  {3, "Reserved, behaves as 0b10", true}};
inline constexpr FieldValue CBAR_TYPE_values[] = {{0, "stage 2"},
                                                  {1, "stage 1 with stage 2 bypass"},
                                                  {2, "stage 1 with stage 2 fault"},
                                                  {3, "stage 1 followed by stage 2"}};

/// TCR.IRGNx and ORGNx, TTBR.RGN, NMRR.
inline constexpr FieldValue walk_cacheability_values[] = {{0, "Non-cacheable"},
                                                          {1, "Write-Back, Write-Allocate"},
                                                          {2, "Write-Through"},
                                                          {3, "Write-Back, no Write-Allocate"}};
inline constexpr FieldValue walk_shareability_values[] = {
    {0, "Non-shareable"}, {1, "UNPREDICTABLE", true}, {2, "Outer Shareable"}, {3, "Inner Shareable"}};
inline constexpr FieldValue PAR_shareability_values[] = {
    {0, "Non-shareable"}, {1, "Reserved", true}, {2, "Outer Shareable"}, {3, "Inner Shareable"}};
inline constexpr FieldValue PAR_inner_values[] = {{0, "Non-cacheable"}, {1, "Strongly-ordered"},
                                                  {3, "Device"},        {5, "Write-Back, Write-Allocate"},
                                                  {6, "Write-Through"}, {7, "Write-Back, no Write-Allocate"}};
inline constexpr FieldValue TG0_values[] = {{0, "4 KiB granule"},
                                            {1, "64 KiB granule"},
                                            {2, "16 KiB granule"},
                                            {3, "Reserved: an implemented size", true}};
inline constexpr FieldValue TG1_values[] = {{0, "Reserved: an implemented size", true},
                                            {1, "16 KiB granule"},
                                            {2, "4 KiB granule"},
                                            {3, "64 KiB granule"}};
/// PASize.
inline constexpr FieldValue address_size_values[] = {{0, "32 bits"},
                                                     {1, "36 bits"},
                                                     {2, "40 bits"},
                                                     {3, "42 bits"},
                                                     {4, "44 bits"},
                                                     {5, "48 bits"},
                                                     {6, "Reserved, behaves as 0b101", true},
                                                     {7, "Reserved, behaves as 0b101", true}};
inline constexpr FieldValue SEP_values[] = {{0, "bit 31"},
                                            {1, "bit 35"},
                                            {2, "bit 39"},
                                            {3, "bit 41"},
                                            {4, "bit 43"},
                                            {5, "bit 47"},
                                            {6, "Reserved, behaves as 0b111", true},
                                            {7, "by SMMU_IDR2.UBS"}};
/// FSR.Format and PAR.Format.
inline constexpr FieldValue scheme_values[] = {{0, "AArch32 short descriptors"},
                                               {1, "AArch32 long descriptors"},
                                               {2, "AArch64"},
                                               {3, "Reserved, behaves as 0b10", true}};
inline constexpr FieldValue TR_values[] = {
    {0, "Strongly-ordered"}, {1, "Device"}, {2, "Normal"}, {3, "Reserved", true}};
inline constexpr FieldValue NOS_values[] = {{0, "Outer Shareable"}, {1, "not Outer Shareable"}};

inline constexpr FieldValue PTFS_values[] = {
    {0, "AArch32 short and long descriptors"}, {1, "AArch32 long descriptors"}, {2, "no AArch32 formats"}};
inline constexpr FieldValue SSDTP_values[] = {
    {0, "no SSD table"}, {1, "an SSD table of NUMSSDNDXB bits"}, {3, "an SSD table of 16 bits"}};
inline constexpr FieldValue HAFDBS_values[] = {
    {0, "no hardware updates"}, {1, "of the Access flag"}, {3, "of the Access flag and of dirty state"}};
inline constexpr FieldValue size_values[] = {{0, "32 bits"}, {1, "36 bits"}, {2, "40 bits"},
                                             {3, "42 bits"}, {4, "44 bits"}, {5, "48 bits"}};
inline constexpr FieldValue bus_size_values[] = {{0, "32 bits"}, {1, "36 bits"}, {2, "40 bits"},
                                                 {3, "42 bits"}, {4, "44 bits"}, {5, "49 bits"},
                                                 {15, "64 bits"}};
inline constexpr FieldValue TCEFCFG_values[] = {{0, "all events"},
                                                {1, "events of streams that PMCGSMR matches"},
                                                {2, "events of context bank NDX"},
                                                {3, "Reserved", true}};

}  // namespace smmuvp::smmuv2
