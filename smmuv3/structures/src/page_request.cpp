#include "smmuvp/smmuv3/page_request.h"

#include <type_traits>

#include "smmuvp/base/check_fields.h"

namespace smmuvp::smmuv3 {

static_assert(well_formed(PRI_structure));

namespace {

// Calls visit(field, member) for each field of an entry.
template <typename P, typename Visitor>
void for_each_member(P& p, Visitor visit) {
  visit(PRI_StreamID, p.StreamID);
  visit(PRI_SubstreamID, p.SubstreamID);
  visit(PRI_SSV, p.SSV);
  visit(PRI_Last, p.Last);
  visit(PRI_W, p.W);
  visit(PRI_R, p.R);
  visit(PRI_X, p.X);
  visit(PRI_Priv, p.Priv);
  visit(PRI_PRGIndex, p.PRGIndex);
  visit(PRI_PageAddress, p.PageAddress);
}

}  // namespace

std::array<std::uint64_t, 2> PageRequest::words() const {
  PageRequest p = *this;
  if (!SSV) {
    p.SubstreamID = 0;
    p.X = p.Priv = false;
  }
  std::array<std::uint64_t, 2> w{};
  for_each_member(
      p, [&w](const Field& f, const auto& member) { set_address(w, f, static_cast<std::uint64_t>(member)); });
  return w;
}

PageRequest PageRequest::decode(const std::array<std::uint64_t, 2>& words) {
  PageRequest p;
  for_each_member(p, [&words](const Field& f, auto& member) {
    member = static_cast<std::decay_t<decltype(member)>>(get_address(words, f));
  });
  return p;
}

void PageRequest::visit(Archive& archive) {
  for_each_member(*this, [&archive](const Field& f, auto& member) { archive.value(f.name, member); });
  archive.time("time", time);
  if (SubstreamID > PRI_SubstreamID.mask() || PRGIndex > PRI_PRGIndex.mask()) {
    archive.fail("PRGIndex", "no page request");
    *this = {};
  }
}

}  // namespace smmuvp::smmuv3
