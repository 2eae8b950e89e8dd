// The little system that invalidation schedules run in: where its structures and tables lie, and how they are
// encoded. Every stream, address space and stage 2 is made of a few places whose content software changes.
#pragma once

#include <array>
#include <cstdint>

#include "invalidation/tables.h"

namespace smmuvp::smmuv3::invalidation {

using namespace smmu::invalidation;

// ---- places

constexpr unsigned cd_slots = 4;
constexpr std::array<std::uint32_t, 5> streams{1, 2, 3, 66, 67};

constexpr std::uint64_t l1std_base = 0x1000'0000;  ///< two levels, SPLIT 6
constexpr std::uint64_t ste_leaves = 0x1100'0000;  ///< + copy, index
constexpr std::uint64_t linear_base = 0x1200'0000;
constexpr std::uint64_t cd_base = structures_base;  ///< each CD in a page of its own; an IPA with stage 2

std::uint64_t cd_address(unsigned slot, unsigned bank);
std::uint64_t ste_address(std::uint32_t sid, bool two_level, unsigned copy);
std::uint64_t l1std_address(std::uint32_t sid);
Word l1std(std::uint32_t sid, unsigned copy);

// ---- structures (IHI 0070 5.2, 5.4)

enum class SteType : std::uint8_t { invalid, abort, bypass, stage1, stage2, nested };
const char* to_string(SteType type);

struct SteValue {
  SteType type = SteType::invalid;
  std::uint8_t cd_slot = 0;
  std::uint16_t vmid = 0;
  std::uint8_t stage2_space = 0;
  bool el2 = false;  ///< of stage1: StreamWorld NS-EL2-E2H, which has no VMIDs
};
struct CdValue {
  bool valid = true;
  std::array<std::uint8_t, 2> spaces{};  ///< of TTB0 and TTB1
  std::uint16_t asid = 1;
  bool aset = false;
};
StructureWords encode(const SteValue& ste);
StructureWords encode(const CdValue& cd);

// ---- memory

constexpr unsigned images = 16;
/// What lies in memory when a schedule begins. A few variants, made once.
const Image& image(unsigned variant);

// ---- what an access reads

/// Steps of an access, by what it reads. Stage 2 is told apart by what it translates.
enum class StepKind : std::uint8_t {
  l1std,
  ste,
  cd,
  stage1_level1,
  stage1_level2,
  stage1_level3,
  stage2_level1_structure,  ///< of a CD or a stage 1 table
  stage2_level1_output,
  stage2_level2_cd,
  stage2_level2_table,
  stage2_level2_output,
  stage2_level3_cd,
  stage2_level3_table,
  stage2_level3_output,
  count,
};
constexpr unsigned step_kinds = static_cast<unsigned>(StepKind::count);
const char* to_string(StepKind kind);
/// What lies at an address that the SMMU reads for an access.
StepKind step_kind(std::uint64_t address);

}  // namespace smmuvp::smmuv3::invalidation
