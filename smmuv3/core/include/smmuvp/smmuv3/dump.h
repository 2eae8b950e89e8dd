// All that an SMMUv3 holds, decoded, for people and tools.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "smmuvp/base/dump.h"
#include "smmuvp/smmu/explain.h"
#include "smmuvp/smmuv3/explain.h"
#include "smmuvp/smmuv3/smmu.h"

namespace smmuvp::smmuv3 {

/// Most structures of the Stream table that a dump reads, and most of CD tables; software can say that there
/// are 2^32 streams with 2^20 CDs each.
constexpr std::uint64_t most_dumped_reads = std::uint64_t{1} << 20;

/// Most streams and CDs that a dump shows, and most entries of a queue, each in a section of its own.
constexpr std::uint64_t most_dumped_structures = std::uint64_t{1} << 14;

/// Registers, the Stream table with its Context Descriptors, the queues, all caches, and what is under way.
/// Of the Stream table only entries that have V = 1 or are cached. Changes nothing: `memory` is asked for
/// reads only.
DumpSection dump(Smmu& smmu, const std::string& title, const smmu::DebugMemory& memory);

/// The registers that there are, by name, as a debugger reads them. Those of counter groups begin with
/// "pmcg0." and so on.
std::vector<std::pair<std::string, std::uint64_t>> register_values(const Smmu& smmu);

/// Adds the streams, an L1STD, STE and CD each as far as there are any, and every CD of a stream with
/// substreams.
void dump_stream_table(Smmu& smmu, bool secure, const smmu::DebugMemory& memory, DumpSection& to);

/// A structure as a section: its words, what the model says to it, and fields that are not 0.
DumpSection section_of(const std::string& title, const StructureExplanation& explanation,
                       const std::vector<std::uint64_t>& words);

}  // namespace smmuvp::smmuv3
