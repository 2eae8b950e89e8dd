#include "cd_search.h"

#include "smmuvp/smmu/translation.h"
#include "smmuvp/smmuv3/cd_fields.h"
#include "smmuvp/smmuv3/cd_table.h"

namespace smmuvp::smmuv3 {

namespace {

constexpr std::uint64_t page_size = 0x1000;

}  // namespace

std::set<std::uint32_t> CdSearch::valid(const Ste& ste) {
  std::set<std::uint32_t> found;
  m_page.reset();
  const CdTable& table = ste.cds;
  const Features& f = m_empty.parts().features;
  const std::uint64_t cds = std::uint64_t{1} << table.S1CDMax;
  const std::uint64_t in_leaf = table.two_level() ? std::uint64_t{1} << table.leaf_bits : cds;
  for (std::uint64_t first = 0; first < cds && !m_given_up; first += in_leaf) {
    const auto index = static_cast<std::uint32_t>(first);
    std::uint64_t leaf = table.address(index);
    if (table.two_level()) {
      const auto l1cd = word_at(ste, leaf, ste.cd_attributes);
      if (!l1cd || !cd_address(*l1cd, table, index, ste.stage2_enabled() ? f.ias() : f.OAS, leaf)) continue;
    }
    for (std::uint64_t i = 0; i < in_leaf && first + i < cds && !m_given_up; ++i) {
      const auto word = word_at(ste, leaf + i * CD_structure.bytes, ste.cd_attributes);
      if (word && get(*word, CD_V) != 0) found.insert(static_cast<std::uint32_t>(first + i));
    }
  }
  return found;
}

bool CdSearch::may_look() {
  if (m_left == 0) {
    m_given_up = true;
    return false;
  }
  --m_left;
  return true;
}

smmu::MemoryAnswer CdSearch::read(const smmu::MemoryOp& op) {
  if (may_look()) return m_memory(op);
  smmu::MemoryAnswer none;
  none.status = smmu::MemoryStatus::external_abort;
  return none;
}

std::optional<std::uint64_t> CdSearch::word_at(const Ste& ste, std::uint64_t address,
                                               const pgtable::Attributes& attributes) {
  const auto at = physical(ste, address);
  if (!at) {  // it takes time as well, and software can make any number of them
    may_look();
    return std::nullopt;
  }
  smmu::MemoryOp op;
  op.purpose = "dump";
  op.address = at->address;
  op.space = at->space;
  op.size = 8;
  op.attributes = attributes;
  const smmu::MemoryAnswer answer = read(op);
  if (answer.status != smmu::MemoryStatus::ok) return std::nullopt;
  return smmu::load_word(answer.data, 0);
}

// 5.2, STE.S1ContextPtr, and 5.3, L1CD.L2Ptr: IPAs where stage 2 is enabled.
std::optional<CdSearch::Place> CdSearch::physical(const Ste& ste, std::uint64_t address) {
  if (!ste.stage2_enabled()) return Place{address, ste.space()};
  const std::uint64_t page = address & ~(page_size - 1);
  if (m_page != page) {
    m_page = page;
    m_output.reset();
    smmu::TranslationRequest request;
    request.address = page;
    request.privileged = true;  // 13.1.2
    request.structure = true;
    request.space = ste.space();
    request.debug = true;
    smmu::Translation t(m_empty.parts().engine, ste.translation, request);
    while (t.step() == smmu::Step::need) t.complete(read(t.op()));
    if (t.ok()) m_output = Place{t.output(), t.entry().space};
  }
  if (!m_output) return std::nullopt;
  return Place{m_output->address | (address & (page_size - 1)), m_output->space};
}

}  // namespace smmuvp::smmuv3
